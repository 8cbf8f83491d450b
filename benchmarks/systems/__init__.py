"""What is measured side by side: remem, the baselines, and the peers."""
