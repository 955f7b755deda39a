"""Where agents are let out to: platforms on which people outside the company may ask them."""
