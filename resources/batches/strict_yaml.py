"""YAML as definition files are read: the safe part of it, without what a person does not mean.

Belongs here: syntax. Does not belong here: what the fields mean (definition).
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.context.failures import BadInput

WAY_OUT = "See docs/batches.md for the form of the file."


def strict_yaml(text: str, source: str) -> Any:
    """What ``text`` holds, which came from ``source``. Raises BadInput naming it, and the line at fault."""
    import yaml

    try:
        return yaml.load(text, _strict_loader())  # noqa: S506  # a SafeLoader that refuses repeated names
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        rule = f"line {line} is no YAML: {getattr(error, 'problem', None) or error}"
        said = text.splitlines()[line - 1 : line] or [text[:60]]
        raise BadInput(source, said[0], rule, way_out=WAY_OUT) from error
    except RecursionError as error:
        raise BadInput(source, text[:60], "it is nested too deeply", way_out=WAY_OUT) from error


def _strict_loader() -> type[Any]:
    """YAML's safe loader, but stricter and plainer.

    A name that stands twice in one mapping is an error, for a person means one of them; so is an alias, which can make
    a small file huge. Dates stay text: what is JSON has none.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML reads this attribute as it stands
            first: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML states no types
                raise yaml.composer.ComposerError(None, None, "aliases are not taken: say it under common", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            names = [self.construct_object(key, deep=True) for key, _ in node.value]
            for key, name in zip((key for key, _ in node.value), names, strict=True):
                if isinstance(name, (list, dict)):
                    raise yaml.constructor.ConstructorError(None, None, "a name must be a text", key.start_mark)
                if names.count(name) > 1:
                    raise yaml.constructor.ConstructorError(None, None, f"{name!r} stands in it twice", key.start_mark)
            return super().construct_mapping(node, deep)

    return Loader
