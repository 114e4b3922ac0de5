#pragma once

#include "forja/sgd.h"

/// Defines what models by stochastic descent tell of their report_ and options_, and instantiates them.
#define FORJA_REPORTED(Model, table, text)               \
  template <class T>                                     \
  std::int64_t Model<T>::n_iter() const {                \
    this->check_fitted("n_iter");                        \
    return report_.n_iter;                               \
  }                                                      \
  template <class T>                                     \
  bool Model<T>::converged() const {                     \
    this->check_fitted("converged");                     \
    return report_.converged;                            \
  }                                                      \
  template <class T>                                     \
  double Model<T>::loss() const {                        \
    this->check_fitted("loss");                          \
    return report_.loss;                                 \
  }                                                      \
  template <class T>                                     \
  Params Model<T>::get_params() const {                  \
    return table.get(options_);                          \
  }                                                      \
  template <class T>                                     \
  Model<T>& Model<T>::set_params(const Params& params) { \
    table.set(text, options_, params);                   \
    return *this;                                        \
  }                                                      \
  template class Model<float>;                           \
  template class Model<double>;
