# Each condition of the variables and of the resources refuses what it must refuse. Nothing is started: plan only.
# Where nothing runs yet, a plan cannot tell the outcome of check.processes, which counts as a failure here.

variables {
  directory = "/tmp/dti-local" # the default depends on where the checkout is
}

run "the_other_defaults_are_accepted" {
  command         = plan
  expect_failures = [check.processes]
}

run "a_folder_too_long_for_a_socket_is_refused" {
  command = plan
  variables {
    # 79 bytes in 78 characters.
    directory = "/${join("", [for i in range(76) : "a"])}é"
  }
  expect_failures = [terraform_data.folder]
}

run "a_folder_of_78_bytes_is_accepted" {
  command = plan
  variables {
    directory = "/${join("", [for i in range(77) : "a"])}"
  }
  expect_failures = [check.processes]
}

run "a_folder_with_a_comma_is_refused" {
  command = plan
  variables {
    directory = "/tmp/a,b"
  }
  expect_failures = [terraform_data.folder]
}

run "an_empty_folder_of_binaries_is_refused" {
  command = plan
  variables {
    binaries = ""
  }
  expect_failures = [var.binaries]
}

run "an_unknown_process_manager_is_refused" {
  command = plan
  variables {
    process_manager = "upstart"
  }
  expect_failures = [var.process_manager]
}

run "no_server_is_refused" {
  command = plan
  variables {
    servers = []
  }
  expect_failures = [var.servers]
}

run "a_server_that_would_be_another_folder_is_refused" {
  command = plan
  variables {
    servers = ["../server"]
  }
  expect_failures = [var.servers]
}

run "a_server_named_as_the_database_is_refused" {
  command = plan
  variables {
    servers = ["database"]
  }
  expect_failures = [var.servers]
}

run "a_faculty_with_spaces_in_its_key_is_refused" {
  command = plan
  variables {
    faculties = { "Ciencias Sociales" = {} }
  }
  expect_failures = [var.faculties]
}

run "a_faculty_named_as_a_server_is_refused" {
  command = plan
  variables {
    servers   = ["derecho"]
    faculties = { derecho = {} }
  }
  expect_failures = [var.faculties]
}

run "a_faculty_that_waits_for_no_program_is_refused" {
  command = plan
  variables {
    faculties = { derecho = { min_programs = 0 } }
  }
  expect_failures = [var.faculties]
}

run "a_faculty_that_waits_for_half_a_program_is_refused" {
  command = plan
  variables {
    faculties = { derecho = { min_programs = 1.5 } }
  }
  expect_failures = [var.faculties]
}

run "a_faculty_that_waits_for_no_time_is_refused" {
  command = plan
  variables {
    faculties = { derecho = { batch_seconds = 0 } }
  }
  expect_failures = [var.faculties]
}

run "a_faculty_with_an_empty_name_is_refused" {
  command = plan
  variables {
    faculties = { derecho = { faculty_name = " " } }
  }
  expect_failures = [var.faculties]
}

run "a_semester_without_a_name_is_refused" {
  command = plan
  variables {
    semester = " "
  }
  expect_failures = [var.semester]
}

run "fewer_classrooms_than_none_are_refused" {
  command = plan
  variables {
    classrooms = -1
  }
  expect_failures = [var.classrooms]
}

run "half_a_classroom_is_refused" {
  command = plan
  variables {
    classrooms = 0.5
  }
  expect_failures = [var.classrooms]
}

run "more_labs_than_a_semester_may_have_are_refused" {
  command = plan
  variables {
    labs = 1000000001
  }
  expect_failures = [var.labs]
}

run "a_catalogue_that_does_not_exist_is_refused" {
  command = plan
  variables {
    catalog = "no-such-file.csv"
  }
  expect_failures = [var.catalog]
}

run "keys_of_each_role_are_accepted" {
  command = plan
  variables {
    keys = { a = { role = "office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" }, b = { role = "faculty:Ciencias Sociales", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }
  expect_failures = [check.processes]
}

run "a_key_without_all_digits_is_refused" {
  command = plan
  variables {
    keys = { a = { role = "office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22" } }
  }
  expect_failures = [var.keys]
}

run "a_key_with_an_unknown_role_is_refused" {
  command = plan
  variables {
    keys = { a = { role = "gateway:office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }
  expect_failures = [var.keys]
}

run "a_role_that_would_end_its_text_is_refused" {
  command = plan
  variables {
    keys = { a = { role = "faculty:\"x", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }
  expect_failures = [var.keys]
}

run "a_key_with_the_name_of_a_faculty_is_refused" {
  command = plan
  variables {
    keys = { derecho = { role = "office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }
  expect_failures = [var.keys]
}
