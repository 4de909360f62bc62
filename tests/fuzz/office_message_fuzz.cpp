// A server reads any bytes of the office as a plain reading by docs/protocol.md does: the command as it stands there, or
// a refusal of one line that names the field. What passes is read back as it was written, and the reply to it too.
#include "dti/domain/name.hpp"
#include "dti/protocol/office_codec.hpp"
#include "fuzz/claim.hpp"
#include "fuzz/json_model.hpp"

namespace dti {
namespace {

bool has_texts(const model::Json& json) {
  const auto optional = [&](const char* key, std::size_t max) {
    return !model::has(json, key) || model::is_text(json[key], 0, max);
  };
  return model::is_text(model::member(json, "command-id"), 1, 64) && optional("actor", 200) && optional("note", 500) &&
         (model::member(json, "command") == "change-catalog" || model::is_text(model::member(json, "semester"), 0, 64));
}

void check_passed(std::string_view body, const OfficeMessage& message) {
  const auto json = model::sound_json(body);
  claim(json && json->is_object() && model::member(*json, "dti-command") == 1, "a command is marked as one");
  claim(has_texts(*json), "what is let pass is what docs/protocol.md lets pass");
  const auto& command = message.command;
  claim(model::text((*json)["command"]) == std::string{wire_text(verb_of(message))} &&
            model::text((*json)["command-id"]) == command.id &&
            (command.catalog || model::text((*json)["semester"]) == command.semester),
        "a command is read as it stands there");
  claim(!command.catalog || (!command.catalog->store.empty() || command.is_dry_run), "a change names its store");
  claim(command.expects.has_value() || command.is_dry_run || message.opens.has_value(),
        "a command says what it expects");
  if (const auto* setting = std::get_if<SetWaitList>(&command.change); setting != nullptr && !message.opens) {
    claim(model::member(*json, "wait-list") == setting->is_on, "the wait list is turned on or off as it stands there");
  }
  const auto again = decode_office_message(encode_office_message(message));
  auto same = message;
  if (message.opens) same.command.expects.reset();
  claim(again && std::get<OfficeMessage>(*again) == same, "a command is read back as it was written");
}

void check(std::string_view body) {
  const auto reply = decode_office_reply(body);
  if (reply) claim(decode_office_reply(encode_office_reply(*reply)) == reply, "a reply is read back as it was written");
  const auto decoded = decode_office_message(body);
  if (!decoded) return;
  if (const auto* message = std::get_if<OfficeMessage>(&*decoded)) return check_passed(body, *message);
  const auto& malformed = std::get<MalformedCommand>(*decoded);
  claim(is_utf8(malformed.detail) && malformed.detail.find(": ") != std::string::npos &&
            malformed.detail.find('\n') == std::string::npos,
        "a refusal is one line of UTF-8 that names the field", malformed.detail);
}

}  // namespace
}  // namespace dti

DTI_FUZZ_TARGET(dti::check)
