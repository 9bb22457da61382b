"""orders: takes an order, reserves its stock at the catalog, remembers both."""
