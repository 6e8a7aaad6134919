#include <exception>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/program.hpp"

int main(int argument_count, char** arguments) {
    using namespace crossfade::cli;
    try {
        return run_program(commands(), {arguments + 1, arguments + argument_count}, std::cout, std::cerr);
    } catch (const std::exception& defect) {
        std::cerr << "crossfade: internal error: " << defect.what() << "\n";
        return exit_partial;
    }
}
