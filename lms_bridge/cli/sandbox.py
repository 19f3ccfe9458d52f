"""`sandbox` runs a Moodle and a SharePoint on this machine to try things on; `demo` does the main job on them."""

from pathlib import Path
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, config_path
from lms_bridge.cli.printing import say

_PORT_HELP = "Moodle's port; SharePoint takes the next one.  [default: 8801]"
PortOption = Annotated[int | None, typer.Option("--port", min=1024, max=65534, help=_PORT_HELP, show_default=False)]
ResetOption = Annotated[bool, typer.Option("--reset", help="Begin with empty sandboxes, forgetting what stood there.")]


def sandbox(
    context: typer.Context, config: ConfigOption = None, port: PortOption = None, reset: ResetOption = False
) -> None:
    """Run a sandbox Moodle and a sandbox SharePoint until stopped, with the courses of the config's sources."""
    from lms_bridge.cli.trial import open_trial, wait_until_stopped

    with open_trial(config_path(context, config), port=port, reset=reset) as trial:
        say(f"Moodle      {trial.pair.moodle.url}/")
        say(f"SharePoint  {trial.pair.sharepoint.url}{trial.pair.demo.site_path}")
        say(f"Credentials {trial.pair.folder}, where {trial.path} looks for them")
        if port is not None and f"127.0.0.1:{port}" not in trial.path.read_text(encoding="utf-8"):
            say(f"Note        {trial.path} names other ports: write these addresses into it before you sync.")
        say("Stop with Ctrl-C; what stands there is kept for the next time.")
        wait_until_stopped()


def demo(
    context: typer.Context,
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Stop after the push instead of staying up.")] = False,
    output: OutputOption = Output.TEXT,
    port: PortOption = None,
    reset: ResetOption = False,
) -> None:
    """Push the example into both sandboxes, show what now stands where, and stay up to be looked at."""
    from lms_bridge.cli.options import console
    from lms_bridge.cli.tour import push
    from lms_bridge.cli.trial import example_config, open_trial, wait_until_stopped

    path = config_path(context, config)
    if config is None and not path.exists():
        path = example_config(Path("lms-bridge-demo"))
        console(stderr=True).print(f"No connectors.yaml here: the example was written to {path.parent}/.")
    with open_trial(path, port=port, reset=reset, elsewhere=True) as trial:
        code = push(trial, output)
        if not once:
            say("Look around, edit connectors.yaml or content/, run `lms-bridge plan`. Stop with Ctrl-C.", err=True)
            wait_until_stopped()
    raise typer.Exit(code)
