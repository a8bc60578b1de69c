"""From files to batches: `facades` and `photos` read examples, `loader` orders and stacks them."""
