"""The composition root: settings, addresses and wiring. It alone knows every room."""
