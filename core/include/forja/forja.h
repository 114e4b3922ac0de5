#pragma once

/// Everything of forja.
#include "forja/concepts.h"
#include "forja/data.h"
#include "forja/decomposition.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/error.h"
#include "forja/generators.h"
#include "forja/kmeans.h"
#include "forja/linear.h"
#include "forja/logistic_regression.h"
#include "forja/matrix.h"
#include "forja/metrics.h"
#include "forja/model_selection.h"
#include "forja/observer.h"
#include "forja/params.h"
#include "forja/preprocessing.h"
