// Whatever the results were: a test in which the emulated CUDA has something to report fails.
#include <gtest/gtest.h>

#include "cuda_emulation/control.h"

namespace {

class NoReports : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo&) override {
    for (const forja::emulation::Report& report : forja::emulation::reports()) {
      ADD_FAILURE() << report.kind << ": " << report.text;
    }
    forja::emulation::reset();
  }
};

const bool kListening = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new NoReports);
  return true;
}();

TEST(ShadowReports, the_emulation_under_test_has_shadow_memory) {
  EXPECT_TRUE(kListening);
  EXPECT_TRUE(forja::emulation::has_shadow());
}

}  // namespace
