"""From distances to anomaly maps, image scores and thresholds, whatever method the distances come from."""
