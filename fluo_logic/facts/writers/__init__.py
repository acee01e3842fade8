"""Writes spans so that reading them again gives the same spans: exactly, or not at all."""
