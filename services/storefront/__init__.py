"""storefront: the shop's web page and public API."""
