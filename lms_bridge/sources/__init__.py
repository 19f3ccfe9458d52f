"""Where items come from: one module or folder a source, each exporting one `CONNECTOR`."""
