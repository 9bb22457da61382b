"""In CloudWatch's place: metrics of the load balancers, and the alarms that watch them."""
