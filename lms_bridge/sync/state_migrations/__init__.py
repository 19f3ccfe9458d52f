"""The migrations of the state store, oldest first; run by `lms_bridge.sync.state_versions` when a store is behind."""
