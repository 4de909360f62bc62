#include "transport/zeromq/zap_handler.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "dti/keys/zap_message.hpp"
#include "transport/zeromq/frames.hpp"

namespace dti {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kEnvelopeFrames = 2;  // the id of the session that asks, and an empty frame

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context, std::shared_ptr<KeyRing> keys, OnRefused on_refused)
    : context_(context),
      keys_(std::move(keys)),
      on_refused_(std::move(on_refused)),
      socket_(context, zmq::socket_type::router) {  // not REP, which could not wait with several answers
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::sndhwm, 0);  // one small answer for each connection
  socket_.set(zmq::sockopt::rcvhwm, 0);
  socket_.bind(kZapAddress);
  thread_ = std::thread{[this] { run(); }};
}

ZapHandler::~ZapHandler() {
  context_.shutdown();
  thread_.join();
}

void ZapHandler::run() {
  for (bool runs = true; runs;) {
    try {
      auto wait = std::chrono::milliseconds{-1};
      if (!answers_.empty()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(answers_.front().at - Clock::now());
        wait = std::max(left, std::chrono::milliseconds{0});
      }
      zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
      zmq::poll(&item, 1, wait);
      take_questions();
      send_answers();
    } catch (const zmq::error_t& error) {
      // Any other error ends the process: without this thread, no one could connect, and libzmq would admit everyone.
      if (error.num() != ETERM && error.num() != EINTR) throw;
      runs = error.num() == EINTR;
    }
  }
  socket_.close();
}

void ZapHandler::take_questions() {
  while (auto frames = receive_frames(socket_, kEnvelopeFrames + kZapFramesMax + 1)) {
    const auto views = frame_views(*frames);
    const auto request =
        views.size() <= kEnvelopeFrames ? std::nullopt : parse_zap_request(std::span{views}.subspan(kEnvelopeFrames));
    if (!request) continue;  // not from libzmq; without an answer there is no connection
    std::array<std::string, 6> answer;
    auto at = Clock::now();
    if (!request->key) {
      answer = allow(request->request_id, plain_user_id(keys_->mark()), {});
    } else if (const auto number = keys_->admit(*request->key)) {
      const IssuedId id;
      answer = allow(request->request_id, id.user_id(keys_->mark(), *number), id.routing_id());
      at += kAnswerDelay;
    } else {
      answer = refuse(request->request_id);
      at += kAnswerDelay;
      on_refused_(*request->key, std::string{request->address});
    }
    std::vector<zmq::message_t> reply;
    reply.push_back(std::move(frames->front()));
    reply.emplace_back();
    for (const auto& frame : answer) reply.emplace_back(frame.data(), frame.size());
    // In the order of their times, which is almost always the order of arrival.
    const auto later = std::find_if(answers_.begin(), answers_.end(), [&](const Answer& it) { return it.at > at; });
    answers_.insert(later, Answer{at, std::move(reply)});
  }
}

void ZapHandler::send_answers() {
  while (!answers_.empty() && answers_.front().at <= Clock::now()) {
    static_cast<void>(send_frames(socket_, std::span<zmq::message_t>(answers_.front().frames)));
    answers_.pop_front();
  }
}

}  // namespace dti
