#include "dtictl/verify/verify_report.hpp"

#include <cstddef>

#include "dti/cli/escape.hpp"
#include "dtictl/json_object.hpp"

namespace dti {
namespace {

std::string count(std::size_t number, const char* one, const char* several) {
  return std::to_string(number) + ' ' + (number == 1 ? one : several);
}

std::string left_text(const Pool& left) {
  return std::to_string(left.classrooms) + " classrooms, " + std::to_string(left.labs) + " labs, " +
         std::to_string(left.mobile_labs()) + " mobile labs";
}

std::string semester_line(const SemesterReport& report) {
  std::string line = "semester " + quoted_text(report.semester.name) + ": ";
  if (!report.difference) {
    return line + count(static_cast<std::size_t>(report.entries), "entry", "entries") + ", " +
           count(static_cast<std::size_t>(report.grants), "grant", "grants") + "; left " + left_text(report.left) +
           "; ok";
  }
  line += "DIFFERS";
  if (!report.program.empty()) {
    line += " at " + quoted_text(report.program) + " of " + quoted_text(report.faculty);
  }
  return line + ": " + printable(to_string(*report.difference));
}

std::string seal_line(const SemesterReport& report) {
  if (!report.seal_difference) return {};
  return "seals of semester " + quoted_text(report.semester.name) +
         ": DIFFER: " + printable(to_string(*report.seal_difference)) + '\n';
}

std::string note_line(const SemesterReport& report) {
  if (report.notes == 0 && !report.note_difference) return {};
  std::string line = "notes of semester " + quoted_text(report.semester.name) + ": ";
  if (report.note_difference) line += "DIFFER: " + printable(to_string(*report.note_difference)) + "; ";
  return line + count(static_cast<std::size_t>(report.notes), "command", "commands") + ", " +
         count(static_cast<std::size_t>(report.notes_erased), "note", "notes") + " erased\n";
}

std::string registry_line(const VerifyReport& report) {
  if (!report.store_id) return "seals: none, because no server has led this store since version 3 of its schema\n";
  return "seals: store " + hex_text(*report.store_id) + ", registry of " +
         count(static_cast<std::size_t>(report.registered), "entry", "entries") + '\n';
}

std::size_t count_differences(const VerifyReport& report) {
  auto differences = report.differences.size() + (report.file_faults ? report.file_faults->size() : 0);
  for (const auto& semester : report.semesters) {
    for (const auto* const found : {&semester.difference, &semester.seal_difference, &semester.note_difference}) {
      differences += *found ? 1U : 0U;
    }
  }
  return differences;
}

JsonObject json_of(const StoreDifference& difference) {
  JsonObject object;
  object.add_text("what", difference.what);
  if (difference.seq) object.add("seq", *difference.seq);
  if (difference.program_id) object.add("program-number", *difference.program_id);
  if (!difference.stored.empty()) object.add_text("stored", difference.stored);
  if (!difference.expected.empty()) object.add_text("expected", difference.expected);
  return object;
}

std::string json_of(const SemesterReport& report) {
  const Pool& left = report.left;
  JsonObject object;
  object.add_text("semester", report.semester.name)
      .add_flag("ok", !report.difference && !report.seal_difference && !report.note_difference)
      .add("entries", report.entries)
      .add("grants", report.grants)
      .add("left", JsonObject{}
                       .add("classrooms", left.classrooms)
                       .add("labs", left.labs)
                       .add("conversions", left.conversions_left)
                       .add("mobile-labs", left.mobile_labs())
                       .text());
  if (report.difference) {
    auto difference = json_of(*report.difference);
    if (!report.program.empty()) {
      difference.add_text("faculty", report.faculty).add_text("program", report.program);
    }
    object.add("difference", difference.text());
  }
  if (report.seal_difference) object.add("seal-difference", json_of(*report.seal_difference).text());
  if (report.note_difference) object.add("note-difference", json_of(*report.note_difference).text());
  if (report.notes > 0) object.add("commands", report.notes).add("notes-erased", report.notes_erased);
  if (report.unsealed > 0) object.add("unsealed", report.unsealed);
  return object.text();
}

}  // namespace

std::string text_report(const VerifyReport& report) {
  std::string out;
  if (report.file_faults) {
    if (report.file_faults->empty()) out += "file: integrity_check ok\n";
    for (const auto& fault : *report.file_faults) out += "file: DAMAGED: " + printable(fault) + '\n';
  }
  if (!report.unreadable || report.programs > 0) {
    out += "catalogue: " + count(report.programs, "program", "programs") + " of " +
           count(report.faculties, "faculty", "faculties");
    if (report.older_keys > 0) out += ", " + count(report.older_keys, "key", "keys") + " of another Unicode or version";
    out += '\n';
  }
  for (const auto& semester : report.semesters) {
    out += semester_line(semester) + '\n' + seal_line(semester) + note_line(semester);
  }
  if (!report.unreadable) out += registry_line(report);
  if (report.witness_lines) out += "witness: " + count(*report.witness_lines, "line", "lines") + " compared\n";
  for (const auto& difference : report.differences) out += "DIFFERS: " + printable(to_string(difference)) + '\n';
  if (report.warning) out += "WARNING: " + printable(*report.warning) + '\n';
  if (report.unreadable) return out + "UNREADABLE: " + printable(*report.unreadable) + '\n';
  const auto differences = count_differences(report);
  return out + (differences == 0 ? "no differences" : count(differences, "difference", "differences")) + '\n';
}

std::string json_report(const VerifyReport& report, std::string_view store) {
  JsonObject object;
  object.add_flag("ok", report.fits()).add_text("store", store);
  if (report.warning) object.add_text("warning", *report.warning);
  if (report.unreadable) object.add_text("error", *report.unreadable);
  if (report.file_faults) {
    object.add("file-faults",
               json_array(*report.file_faults, [](const std::string& fault) { return json_string(fault); }));
  }
  if (report.store_id)
    object.add_text("store-id", hex_text(*report.store_id)).add("registry-entries", report.registered);
  if (report.witness_lines) object.add("witness-lines", static_cast<std::int64_t>(*report.witness_lines));
  object.add("programs", static_cast<std::int64_t>(report.programs))
      .add("faculties", static_cast<std::int64_t>(report.faculties))
      .add("older-keys", static_cast<std::int64_t>(report.older_keys))
      .add("differences", json_array(report.differences, [](const StoreDifference& it) { return json_of(it).text(); }))
      .add("semesters", json_array(report.semesters, [](const SemesterReport& it) { return json_of(it); }));
  return object.text() + '\n';
}

std::string json_failure(std::string_view why, std::string_view store) {
  return JsonObject{}.add_flag("ok", false).add_text("store", store).add_text("error", why).text() + '\n';
}

}  // namespace dti
