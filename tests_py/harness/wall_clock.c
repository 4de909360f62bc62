// Preloaded into a process of the tests: its wall clock is off by the microseconds that a shared file holds. The steady
// clock stays as it is. Nothing but the kernel is called, so that it works from the first instruction on.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t offset(void) {
  static volatile int64_t *shared;
  if (!shared) {
    const int fd = open(getenv("WALL_CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
    void *place = mmap(0, sizeof *shared, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (place == MAP_FAILED) abort();
    shared = place;
  }
  return *shared;
}

static void shift(struct timespec *now) {
  const int64_t nanoseconds = now->tv_nsec + offset() % 1000000 * 1000;
  now->tv_sec += offset() / 1000000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
  now->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  const int status = (int)syscall(SYS_clock_gettime, clock, now);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(now);
  return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *where) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (where) *where = exact.tv_sec;
  return exact.tv_sec;
}
