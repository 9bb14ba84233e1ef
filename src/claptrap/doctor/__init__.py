"""What is wrong with this machine, and what to do about it. It changes nothing, whether the service runs or not."""
