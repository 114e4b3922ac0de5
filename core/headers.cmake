# The public headers, relative to core/include: they are installed, and each one is compiled alone by the tests.
set(FORJA_PUBLIC_HEADERS
  forja/concepts.h
  forja/data.h
  forja/device.h
  forja/device_matrix.h
  forja/error.h
  forja/export.h
  forja/forja.h
  forja/generators.h
  forja/kmeans.h
  forja/linear.h
  forja/matrix.h
  forja/metrics.h
  forja/model_selection.h
  forja/observer.h
  forja/params.h
)
