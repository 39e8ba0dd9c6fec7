"""What media cost in a month: prices, and the requests of each way to serve them."""
