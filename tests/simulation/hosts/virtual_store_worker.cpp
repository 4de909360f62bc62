#include "simulation/hosts/virtual_store_worker.hpp"

#include <utility>

#include "dti/base/check.hpp"

namespace dti::simulation {

VirtualStoreWorker::VirtualStoreWorker(std::function<Now()> clock, std::function<void(StoreEvent)> post)
    : clock_(std::move(clock)), post_(std::move(post)), fiber_([this] { run(); }) {}

void VirtualStoreWorker::start(StoreCall call) {
  DTI_CHECK(!call_.has_value());
  call_ = std::move(call);
}

void VirtualStoreWorker::run() {
  while (true) {
    while (!call_) fiber_.suspend();
    const auto call = *std::exchange(call_, std::nullopt);
    post_(make_call(call, *repository, clock_, [&](TakeOverPiece piece) { post_(std::move(piece)); }));
  }
}

}  // namespace dti::simulation
