#include "watchdog.h"

#include <unistd.h>
#include <csignal>
#include <cstring>

#include "scheduler.h"

namespace forja::emulation {

namespace {

volatile std::sig_atomic_t has_fired = 0;

// The kernel's code holds no lock and allocates nothing, so its stack can be left from here.
void on_signal(int) {
  has_fired = 1;
  if (scheduler().in_kernel_code()) scheduler().abandon();
}

int signal_number() { return SIGRTMIN + 3; }

}  // namespace

Watchdog::Watchdog(int seconds) {
  has_fired = 0;
  if (seconds == 0) return;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_NODEFER | SA_RESTART;
  sigaction(signal_number(), &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal_number();
  event._sigev_un._tid = gettid();
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_) != 0) return;
  running_ = true;
  itimerspec limit{};
  limit.it_value.tv_sec = seconds;
  timer_settime(timer_, 0, &limit, nullptr);
}

Watchdog::~Watchdog() {
  if (running_) timer_delete(timer_);
}

bool Watchdog::fired() { return has_fired != 0; }

}  // namespace forja::emulation
