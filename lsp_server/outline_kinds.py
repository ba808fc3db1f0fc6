"""Which nodes of each grammar define something that other code can call or name. A table; parses nothing."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineKinds:
    """The node kinds of one grammar."""

    functions: frozenset[str]
    classes: frozenset[str] = frozenset()
    """What has members."""
    types: frozenset[str] = frozenset()
    """What is shown whole: it has no code in it."""
    wrappers: frozenset[str] = frozenset()
    """What definitions may stand in."""
    methods: frozenset[str] = frozenset()
    """Members that are called, besides `functions`."""
    fields: frozenset[str] = frozenset()
    """Members that hold something."""
    assignments: frozenset[str] = frozenset()
    """Statements that may give a function a name."""
    values: tuple[str, ...] = ()
    """The kinds of such functions."""
    prototypes: frozenset[str] = frozenset()
    """Declarations that may be of a function defined elsewhere."""
    closing: str = ""
    """What ends a head without a body."""
    brackets: tuple[str, str] = (" {", "}")
    """What members stand between."""
    private: re.Pattern[str] = re.compile(r"(?!)")
    """What a member that only its own class sees begins with."""


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SCRIPT = OutlineKinds(
    functions=_kinds("function_declaration generator_function_declaration function_signature"),
    classes=_kinds("class_declaration abstract_class_declaration"),
    types=_kinds("interface_declaration type_alias_declaration enum_declaration"),
    wrappers=_kinds(
        "export_statement ambient_declaration expression_statement internal_module module statement_block"
    ),
    methods=_kinds("method_definition method_signature abstract_method_signature"),
    fields=_kinds("public_field_definition field_definition"),
    assignments=_kinds("lexical_declaration variable_declaration"),
    values=("arrow_function", "function_expression", "generator_function"),
    closing=";",
    private=re.compile(r"^(?:private\b|#)"),
)
_C = OutlineKinds(
    functions=_kinds("function_definition"),
    types=_kinds("struct_specifier enum_specifier union_specifier type_definition alias_declaration"),
    classes=_kinds("class_specifier"),
    wrappers=_kinds(
        "preproc_ifdef preproc_if preproc_else linkage_specification declaration_list namespace_definition "
        "template_declaration"
    ),
    methods=_kinds("declaration field_declaration"),
    prototypes=_kinds("declaration"),
    closing=";",
    brackets=(" {", "};"),
)
_JAVA = OutlineKinds(
    functions=_kinds("method_declaration constructor_declaration"),
    classes=_kinds("class_declaration interface_declaration record_declaration"),
    types=_kinds("enum_declaration annotation_type_declaration"),
    closing=";",
    private=re.compile(r"^(?:@\w+\s+)*private\b"),
)
_CSHARP = OutlineKinds(
    functions=_kinds("method_declaration constructor_declaration"),
    classes=_kinds("class_declaration interface_declaration struct_declaration record_declaration"),
    types=_kinds("enum_declaration delegate_declaration"),
    wrappers=_kinds("namespace_declaration file_scoped_namespace_declaration declaration_list"),
    fields=_kinds("property_declaration"),
    closing=";",
    private=re.compile(r"^(?:\[[^\]]*\]\s*)*private\b"),
)

_BY_LANGUAGE = {
    "python": OutlineKinds(
        functions=_kinds("function_definition"),
        classes=_kinds("class_definition"),
        wrappers=_kinds("decorated_definition if_statement try_statement block else_clause"),
        fields=_kinds("expression_statement"),
    ),
    "javascript": _SCRIPT,
    "javascriptreact": _SCRIPT,
    "typescript": _SCRIPT,
    "typescriptreact": _SCRIPT,
    "rust": OutlineKinds(
        functions=_kinds("function_item function_signature_item"),
        classes=_kinds("impl_item trait_item"),
        types=_kinds("struct_item enum_item union_item type_item"),
        wrappers=_kinds("mod_item declaration_list foreign_mod_item"),
        closing=";",
    ),
    "go": OutlineKinds(
        functions=_kinds("function_declaration method_declaration"),
        types=_kinds("type_declaration"),
    ),
    "c": _C,
    "cpp": _C,
    "java": _JAVA,
    "csharp": _CSHARP,
    "ruby": OutlineKinds(
        functions=_kinds("method singleton_method"),
        classes=_kinds("class"),
        wrappers=_kinds("module body_statement"),
        closing="; end",
        brackets=("", "end"),
    ),
    "php": OutlineKinds(
        functions=_kinds("function_definition"),
        classes=_kinds("class_declaration interface_declaration trait_declaration enum_declaration"),
        wrappers=_kinds("namespace_definition compound_statement"),
        methods=_kinds("method_declaration"),
        fields=_kinds("property_declaration const_declaration"),
        closing=";",
        private=re.compile(r"^(?:private|protected)\b"),
    ),
    "lua": OutlineKinds(
        functions=_kinds("function_declaration"),
        assignments=_kinds("assignment_statement variable_declaration"),
        values=("function_definition",),
        closing=" end",
    ),
    "shellscript": OutlineKinds(functions=_kinds("function_definition")),
}


def kinds_of(language: str) -> OutlineKinds | None:
    """The kinds of an LSP language id; None where the language defines nothing of the sort."""
    return _BY_LANGUAGE.get(language)
