"""Questions about decisions: what facts say of customers, offers, channels and traces."""
