"""The application load balancers, and each service's two target groups and two listeners."""
