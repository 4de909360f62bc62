#include "load/load_report.hpp"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/clock.hpp"

namespace dti::bench {
namespace {

using Json = nlohmann::ordered_json;

Json report(const LoadOptions& options, const LoadResult& result) {
  const auto per_second = [](std::uint64_t count, double seconds) {
    return rounded_to_tenths(static_cast<double>(count) / seconds);
  };
  Json parts = Json::array();
  for (const auto& part : result.parts) {
    parts.push_back({{"semester", part.semester},
                     {"requests", part.requests},
                     {"decisions", part.decisions},
                     {"seconds", part.seconds}});
  }
  const auto& latency = result.latency;
  return {{"requests", result.requests},
          {"decisions", result.decisions},
          {"fresh_requests", result.fresh_requests},
          {"repeat_requests", result.repeat_requests},
          {"seconds", result.seconds},
          {"ended_early", result.ended_early},
          {"requests_per_second", per_second(result.requests, result.seconds)},
          {"decisions_per_second", per_second(result.decisions, result.seconds)},
          {"latency_us",
           {{"p50", latency.p50},
            {"p90", latency.p90},
            {"p99", latency.p99},
            {"p999", latency.p999},
            {"max", latency.max},
            {"mean", rounded_to_tenths(latency.mean)}}},
          {"statuses", result.statuses},
          {"errors", result.errors},
          {"all_statuses", result.all_statuses},
          {"all_errors", result.all_errors},
          {"foreign_replies", result.foreign_replies},
          {"request_bytes", rounded_to_tenths(result.request_bytes)},
          {"reply_bytes", rounded_to_tenths(result.reply_bytes)},
          {"in_flight", options.in_flight},
          {"connections", options.connections},
          {"rate", options.rate},
          {"repeats", options.repeats},
          {"programs_per_request", options.programs_per_request},
          {"order", options.order},
          {"seed", options.seed},
          {"first", options.first},
          {"sent_in_all", result.sent_in_all},
          {"parts", parts},
          {"cpu_seconds", std::round(result.cpu_seconds * 1e6) / 1e6}};
}

// `key: value` lines; what is inside of an object or an array is named with what it is in.
void put_lines(std::string& out, const std::string& name, const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) put_lines(out, name.empty() ? key : name + '.' + key, inner);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) put_lines(out, name + '.' + std::to_string(i + 1), value[i]);
  } else {
    out += name + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
  }
}

}  // namespace

std::string text_report(const LoadOptions& options, const LoadResult& result) {
  std::string out;
  put_lines(out, "", report(options, result));
  return out;
}

std::string json_report(const LoadOptions& options, const LoadResult& result) {
  return report(options, result).dump() + '\n';
}

}  // namespace dti::bench
