"""What is run once for a whole installation: `python -m services.chassis.deployment COMMAND`."""
