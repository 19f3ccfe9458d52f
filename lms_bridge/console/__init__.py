"""The console: pages where admins and designers see, preview and decide. Served by `lms-bridge serve`."""
