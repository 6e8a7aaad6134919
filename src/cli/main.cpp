#include <exception>
#include <iostream>

#include "cli/argument_secrets.hpp"
#include "cli/commands.hpp"
#include "cli/program.hpp"

int main(int argument_count, char** arguments) {
    using namespace crossfade::cli;
    try {
        const std::vector<std::string> words(arguments + 1, arguments + argument_count);
        hide_secrets(argument_count, arguments);
        return run_program(commands(), words, std::cout, std::cerr);
    } catch (const std::exception& defect) {
        std::cerr << "crossfade: internal error: " << defect.what() << "\n";
        return exit_partial;
    }
}
