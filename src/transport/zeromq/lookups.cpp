#include "dti/transport/zeromq/lookups.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "dti/transport/zeromq/lookup_hangs.hpp"

namespace dti {
namespace {

std::atomic<int> detached_count{0};

/// lookup_hangs() is true while such an object exists.
struct Detached {
  Detached() { ++detached_count; }
  Detached(Detached&& other) noexcept : counts(std::exchange(other.counts, false)) {}
  ~Detached() {
    if (counts) --detached_count;
  }
  bool counts = true;
};

std::string fault_text(int error) {
  return error == EAI_SYSTEM ? std::system_category().message(errno) : gai_strerror(error);
}

bool is_numeric(const std::string& host) {
  in_addr ipv4{};
  return host.find(':') != std::string::npos || inet_pton(AF_INET, host.c_str(), &ipv4) == 1;
}

std::optional<Address> address_of(const addrinfo& found) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(found.ai_addr, found.ai_addrlen, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return std::nullopt;
  }
  Address address;
  address.size = found.ai_addrlen;
  std::memcpy(&address.bytes, found.ai_addr, found.ai_addrlen);
  const bool is_ipv6 = found.ai_family == AF_INET6;
  address.text = (is_ipv6 ? "[" + std::string{host} + "]" : std::string{host}) + ":" + port;
  return address;
}

}  // namespace

bool lookup_hangs() { return detached_count > 0; }

std::future<void> run_detached(std::function<void()> work) {
  std::promise<void> promise;
  auto done = promise.get_future();
  std::thread{[work = std::move(work), promise = std::move(promise), detached = Detached{}]() mutable {
    work();
    work = nullptr;  // destroying its objects may take time too
    { const auto ended = std::move(detached); }
    promise.set_value();
  }}.detach();
  return done;
}

std::shared_ptr<Lookup> Lookup::start(std::string host, std::uint16_t port, int family) {
  auto lookup = std::make_shared<Lookup>();
  if (is_numeric(host)) {
    lookup->find(host, port, family, AI_NUMERICHOST);
  } else {
    run_detached([lookup, host = std::move(host), port, family] { lookup->find(host, port, family, 0); });
  }
  return lookup;
}

void Lookup::find(const std::string& host, std::uint16_t port, int family, int flags) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) fault_ = fault_text(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{error == 0 ? found : nullptr, &freeaddrinfo};
  for (const auto* next = owned.get(); next != nullptr; next = next->ai_next) {
    if (auto address = address_of(*next)) addresses_.push_back(*std::move(address));
  }
  if (error == 0 && addresses_.empty()) fault_ = "it has no address";
  is_done_ = true;
  done_.raise();
}

}  // namespace dti
