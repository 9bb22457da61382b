"""AWS X-Ray on a laptop: segments over UDP as the daemon takes them, and the service's API over HTTP."""
