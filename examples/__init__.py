"""Example sites that embed the component."""
