"""The web app for people who look after a shop's categories."""
