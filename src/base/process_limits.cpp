#include "dti/base/process_limits.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace dti {
namespace {

constexpr std::size_t kThreads = 5;  // without the first: the log's, two of libzmq, the store worker or a name lookup
constexpr std::size_t kFiles = 16;   // sockets and event descriptors of libzmq, the store, the lock file

void require_threads(std::size_t count) {
  std::promise<void> end;
  const auto ended = end.get_future().share();
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::string fault;
  try {
    while (threads.size() < count) threads.emplace_back([ended] { ended.wait(); });
  } catch (const std::system_error& error) {
    fault = error.code().message();
  }
  end.set_value();
  for (auto& thread : threads) thread.join();
  if (fault.empty()) return;
  throw std::runtime_error{"cannot start the " + std::to_string(count) + " threads that this process needs (" + fault +
                           "): raise the limit of processes (ulimit -u, TasksMax= of systemd, the pids limit "
                           "of the container)"};
}

void require_files(std::size_t count) {
  std::vector<int> files;
  files.reserve(count);
  int error = 0;
  while (error == 0 && files.size() < count) {
    const int file = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
      error = errno;
    } else {
      files.push_back(file);
    }
  }
  for (const int file : files) ::close(file);
  if (error == 0) return;
  throw std::runtime_error{"cannot open the " + std::to_string(count) + " files that this process needs (" +
                           std::generic_category().message(error) +
                           "): raise the limit of open files (ulimit -n, LimitNOFILE= of systemd)"};
}

}  // namespace

void require_threads_and_files(ProcessNeeds more) {
  require_threads(kThreads + more.threads);
  require_files(kFiles + more.files);
}

}  // namespace dti
