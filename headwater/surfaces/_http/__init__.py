"""What all surfaces share: how a route is declared, and what happens around its handler."""
