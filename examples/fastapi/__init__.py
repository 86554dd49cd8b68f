"""The smallest embedding."""
