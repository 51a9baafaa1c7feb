"""YAML as plain values, read by OmegaConf's rules for scalars: 1e-4 is a number, a date is text.

A report reads ten thousand configurations, and making OmegaConf's nodes takes ten times as long as parsing them.
"""

import itertools
import os
import re
from typing import Any

import yaml


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads scalars as OmegaConf does. A container that stands in several places is refused.

    Hydra writes none, and a few lines of such aliases can stand for billions of values.
    """

    def construct_document(self, node: yaml.Node) -> Any:
        """Return the document as plain values."""
        seen: set[int] = set()
        waiting = [node] if isinstance(node, yaml.CollectionNode) else []
        while waiting:
            container = waiting.pop()
            if id(container) in seen:
                raise yaml.constructor.ConstructorError(None, None, "a container has an alias", container.start_mark)
            seen.add(id(container))
            inside = container.value if isinstance(container, yaml.SequenceNode) else [v for _, v in container.value]
            waiting += [child for child in inside if isinstance(child, yaml.CollectionNode)]
        return super().construct_document(node)


# YAML 1.1 has no numbers without a point before the exponent, or without a sign in it.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor(  # Hydra writes paths so; as text they are the same
    "tag:yaml.org,2002:python/object/apply:pathlib.",
    lambda loader, _, node: os.path.join(*map(str, loader.construct_sequence(node))),  # noqa: PTH118
)


def parse(text: str) -> Any:
    """Return the plain content of `text`, interpolations as they are written.

    Raises:
        ValueError: when it is not YAML.
    """
    if _is_deep(text):
        raise ValueError("nested too deeply")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, TypeError, LookupError, AttributeError, RecursionError) as error:
        # What PyYAML raises of a value that is not of its tag's type is whatever Python raises.
        raise ValueError(str(error)) from error


def _is_deep(text: str) -> bool:
    """Return whether `text` may be nested deeper than any configuration; the C parser would end the process."""
    limit = 500
    if text.count("[") + text.count("{") > limit:
        steps = (1 if sign in "[{" else -1 for sign in re.findall(r"[\[\]{}]", text))
        return max(itertools.accumulate(steps)) > limit
    return re.search(rf"^[ \t?:-]{{{limit}}}", text, re.MULTILINE) is not None


def read_scalar(text: str) -> Any:
    """Return what was typed as a number or a truth value, where it is one."""
    try:
        value = parse(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text
