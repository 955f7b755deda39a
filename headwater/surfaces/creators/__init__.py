"""The creators contract: projects, creators, videos, campaigns and what is measured of them."""
