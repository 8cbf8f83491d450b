"""Distance at which models still know what was said, alone and with remem in front."""
