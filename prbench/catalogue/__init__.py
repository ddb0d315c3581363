"""What is installed: plug-ins, data files, the machine."""
