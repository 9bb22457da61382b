"""In the place of Elastic Load Balancing: HAProxy with the templates' listeners and target groups."""
