"""What excuses violations: waivers, which people write and which expire, and baselines, which fluo writes."""
