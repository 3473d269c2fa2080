"""Repositories in place of what Bazel 4.2.3 would download: its built-in rules under the names newer ones load them
by, and no coverage report."""

def _native_rules_impl(ctx):
    package = ctx.attr.package
    names = ctx.attr.rules
    ctx.file("BUILD", "")
    ctx.file(package + "/BUILD", "")
    ctx.file(package + "/defs.bzl", "".join(["%s = native.%s\n" % (name, name) for name in names]))

native_rules = repository_rule(
    implementation = _native_rules_impl,
    attrs = {
        "package": attr.string(mandatory = True, doc = "Folder of defs.bzl"),
        "rules": attr.string_list(mandatory = True, doc = "Names of native rules"),
    },
)

def _no_coverage_tools_impl(ctx):
    ctx.file("BUILD", """
filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)
""")

no_coverage_tools = repository_rule(implementation = _no_coverage_tools_impl)
