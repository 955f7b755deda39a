"""Payment gateways, against stand-ins that hold to what they document."""
