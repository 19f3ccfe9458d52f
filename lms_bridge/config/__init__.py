"""connectors.yaml → Config: everything is validated at once, each problem with file, line, column and next step.

`document` reads YAML with positions, `references` resolves `${env:…}` and its kin, `model` holds the settings,
`load` puts them together, `schema` prints the JSON Schema for editors.
"""
