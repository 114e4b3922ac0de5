#pragma once

/// Marks what stays visible outside libforja; everything else is hidden at build time.
#define FORJA_API __attribute__((visibility("default")))
