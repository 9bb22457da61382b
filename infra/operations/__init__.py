"""What a person does with an account: deploy, look for drift, take everything away, know the price."""
