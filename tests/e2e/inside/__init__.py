"""Programs that run in the emulated PC, by its own Python alone. They travel beside the agent (`lab.packed`)."""
