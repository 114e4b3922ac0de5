#include "compute/backend.h"

#include <dlfcn.h>

namespace forja::compute {}
