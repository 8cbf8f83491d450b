"""Systems that are measured side by side: remem, the baselines, and the peers."""
