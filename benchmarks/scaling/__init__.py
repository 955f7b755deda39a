"""How much this server takes: bytes and rates measured, a capacity model of them, and a simulation that checks it."""
