#include "simulation/checks/by_the_rule.hpp"

namespace dti::simulation {
namespace {

/// Adds rooms to a grant as long as they are wanted and there are any.
void add_rooms(Pool& pool, Grant& grant, const Want& want) {
  while (grant.labs < want.labs && pool.labs > 0) {
    ++grant.labs;
    --pool.labs;
  }
  while (grant.labs + grant.mobile_labs < want.labs && pool.conversions_left > 0 && pool.classrooms > 0) {
    ++grant.mobile_labs;
    --pool.conversions_left;
    --pool.classrooms;
  }
  while (grant.classrooms < want.classrooms && pool.classrooms > 0) {
    ++grant.classrooms;
    --pool.classrooms;
  }
}

void put_back_mobile_lab(Pool& pool, Grant& grant) {
  --grant.mobile_labs;
  ++pool.conversions_left;
  ++pool.classrooms;
}

}  // namespace

Grant grant_by_the_rule(Pool pool, const Want& want) {
  Grant grant;
  add_rooms(pool, grant, want);
  return grant;
}

void put_back_unwanted(Pool& pool, Grant& grant, const Want& want) {
  while (grant.classrooms > want.classrooms) {
    --grant.classrooms;
    ++pool.classrooms;
  }
  while (grant.mobile_labs > 0 && grant.labs + grant.mobile_labs > want.labs) put_back_mobile_lab(pool, grant);
  while (grant.labs > want.labs) {
    --grant.labs;
    ++pool.labs;
  }
}

Grant top_up_by_the_rule(Pool pool, Grant held, const Want& want) {
  // A mobile lab may become a lab.
  while (held.mobile_labs > 0) put_back_mobile_lab(pool, held);
  add_rooms(pool, held, want);
  return held;
}

Grant amend_by_the_rule(Pool pool, Grant held, const Want& want) {
  put_back_unwanted(pool, held, want);
  return top_up_by_the_rule(pool, held, want);
}

void take(Pool& pool, const Grant& grant) {
  pool.classrooms -= grant.classrooms + grant.mobile_labs;
  pool.labs -= grant.labs;
  pool.conversions_left -= grant.mobile_labs;
}

void put_back(Pool& pool, const Grant& grant) {
  pool.classrooms += grant.classrooms + grant.mobile_labs;
  pool.labs += grant.labs;
  pool.conversions_left += grant.mobile_labs;
}

bool is_all(const Want& want, const Grant& grant) {
  return grant.classrooms >= want.classrooms && grant.labs + grant.mobile_labs >= want.labs;
}

bool is_negative(const Pool& pool) { return pool.classrooms < 0 || pool.labs < 0 || pool.conversions_left < 0; }

bool is_negative(const Grant& grant) { return grant.classrooms < 0 || grant.labs < 0 || grant.mobile_labs < 0; }

std::string text(const Grant& grant) {
  return std::to_string(grant.classrooms) + "+" + std::to_string(grant.labs) + "+" + std::to_string(grant.mobile_labs);
}

std::string text(const Pool& pool) {
  return std::to_string(pool.classrooms) + "/" + std::to_string(pool.labs) + "/" +
         std::to_string(pool.conversions_left);
}

}  // namespace dti::simulation
