"""The command line, for those who only want the picture: photos in, a PNG with its explanations out for each."""

from .arguments import parse
from .messages import FAILED, INTERRUPTED, complain, only_our_warnings, sentence


def main(arguments=None):
    """Do what the arguments (default: those of the process) ask for; return the exit code."""
    try:
        with only_our_warnings():
            options = parse(arguments)
            if options.list:
                from .listing import list_everything

                return list_everything()
            from .work import describe, explain

            return describe(options) if options.describe else explain(options)
    except SystemExit as done:  # argparse has said what it had to say
        return done.code
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        complain(sentence(error))
        return FAILED


__all__ = ["main"]
